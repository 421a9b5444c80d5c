FROM own:1
COPY wheels /opt/skylift/wheels
COPY requirements.txt /opt/skylift/requirements.txt
ARG PIP_BREAK_SYSTEM_PACKAGES=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_WARN_SCRIPT_LOCATION=0 PIP_PROGRESS_BAR=off
RUN ["python", "-m", "pip", "install", "--no-cache-dir", "--disable-pip-version-check", "--no-input", "--find-links=/opt/skylift/wheels", "--no-index", "--requirement", "/opt/skylift/requirements.txt"]
