"""What is served over HTTP: metrics, health, later approvals."""
