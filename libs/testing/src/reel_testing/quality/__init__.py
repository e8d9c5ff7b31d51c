"""What presets and quality levels cost and give, on films like those of homes for sale."""
