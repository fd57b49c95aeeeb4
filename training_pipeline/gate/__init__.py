"""May a challenger become champion? One small rule a file's worth of reason; no MLflow here."""
