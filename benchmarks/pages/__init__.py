"""What the pages of the console cost, beside the calls of the API beneath them."""
