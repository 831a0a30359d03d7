"""Shisaku's indexer: file → Document → Measure → Chunk → vectors and postings → index on disk."""
