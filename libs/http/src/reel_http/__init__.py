"""What every HTTP edge of Reel shares: settings, problem details, JWT, health, serving."""
