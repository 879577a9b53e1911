"""What stands in the store: keys, and records as bytes; decoding is total, and one record has one encoding."""
