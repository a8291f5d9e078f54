"""Events are stored, pictured and told: store, snapshots, deliveries. Decides nothing about frames."""
