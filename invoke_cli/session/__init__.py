"""The use cases: a line is planned into jobs, jobs are run, results are written."""
