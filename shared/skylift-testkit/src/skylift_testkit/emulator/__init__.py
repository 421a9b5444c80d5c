"""What emulators are made of: the part of a backend that is the same wherever it runs.

A graph of steps that run as processes of their own, faults that were told of beforehand, a clock
that can be turned forward, and a server on loopback. An emulator knows what came over the wire and
nothing else: nothing here imports the snapshot's model, or a plugin.
"""
