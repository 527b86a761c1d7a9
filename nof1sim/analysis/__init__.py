"""Re-checking a treatment effect from what a study recorded: pictures or scores, never the truth.

Images -> vectors (`embed`) -> one score a day (`reduce`) -> tests per patient and pooled (`stats`).
"""
