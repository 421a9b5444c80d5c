"""Run Skylift pipelines on Amazon SageMaker."""
