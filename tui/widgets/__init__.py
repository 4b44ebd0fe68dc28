"""Small parts that screens are made of; each draws plain segments and knows no venue."""
