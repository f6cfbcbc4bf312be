"""Advanced Mobile Location: where a phone says it is while its owner calls or texts 999; places only."""
