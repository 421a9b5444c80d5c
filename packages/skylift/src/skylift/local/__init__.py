"""The local flavor: in this process, or in worker processes of this machine."""
