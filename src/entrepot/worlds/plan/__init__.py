"""What a world's file says beside what is stored."""
