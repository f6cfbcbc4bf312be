"""Where the caller is: clues in words, and the choice between hypotheses. Importing this costs nothing."""
