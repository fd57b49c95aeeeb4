"""Who is about to lose membership or money, and what each should do next."""
