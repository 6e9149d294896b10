"""Articles, their choices and groups: classes, methods and writers."""
