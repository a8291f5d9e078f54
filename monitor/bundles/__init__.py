"""An event's frames with all that is needed to judge them again, in one zip. Judges nothing, and knows no network.

The worker writes it while something strange goes on (`take`), the alert process puts it beside the event, `rareframe
replay` reads it. Whoever shared it is a stranger: see `archive`.
"""
