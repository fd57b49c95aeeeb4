"""`saldopas tune`: search spaces, studies that can be resumed, and what they found."""
