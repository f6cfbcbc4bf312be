"""Pages for the public: the location link, by which a caller's own browser says where they are."""
