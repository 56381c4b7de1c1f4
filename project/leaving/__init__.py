"""What leaves for good: a workspace that moves out with everything, a person out of everything."""
