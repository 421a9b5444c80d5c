"""For orchestrators whose backend starts one step at a time: a process of ours takes the run to its end.

Plugins may import it: `opening` (the run's record), `coordinator` (the graph), `jobs` (each step as
a job, with its retries), `attendance` (a dynamic run, which is one job), `liveness` (of that process).
"""
