FROM python@sha256:1
USER root
RUN apt-get update && apt-get install --yes --no-install-recommends curl git && rm -rf /var/lib/apt/lists/*
COPY requirements.txt /opt/skylift/requirements.txt
ARG PIP_BREAK_SYSTEM_PACKAGES=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_WARN_SCRIPT_LOCATION=0 PIP_PROGRESS_BAR=off
RUN ["python", "-m", "pip", "install", "--no-cache-dir", "--disable-pip-version-check", "--no-input", "--index-url=https://packages.example/simple", "--requirement", "/opt/skylift/requirements.txt"]
ENV COLOUR="dark \"red\" \$HOME"
ENV SIZE="1"
USER app
