"""What a world's file may say."""
