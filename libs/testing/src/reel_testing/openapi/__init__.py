"""Every operation of the OpenAPI documents, asked what it says it answers."""
