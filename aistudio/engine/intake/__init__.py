"""What an import does with single images: reads, checks and copies them, places their annotations, finds twins."""
