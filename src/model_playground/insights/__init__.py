"""What figures mean: verdicts on runs, comparisons of experiments, charts and the report."""
