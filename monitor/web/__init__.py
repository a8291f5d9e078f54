"""What the alert process shows over HTTP, read only. Changes nothing."""
