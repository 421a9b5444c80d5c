import json

from skylift.materializers.base import BaseMaterializer


class JsonMaterializer(BaseMaterializer):
    name = "json"

    def save(self, value, annotation, files):
        files.write("value.json", json.dumps(value).encode())

    def load(self, files, details, annotation):
        return json.loads(files.read("value.json"))


class TextMaterializer(BaseMaterializer):
    name = "text"

    def save(self, value, annotation, files):
        files.write("value.txt", value.encode())

    def load(self, files, details, annotation):
        return files.read("value.txt").decode()
