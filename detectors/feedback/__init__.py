"""What people said of events, as detectors heed it: what is like an event called normal is quieted, within bounds.

`look` says how a strange patch looks, `gallery` how much looks differ on this camera, `marks` what was said and what it
asks for, `things` what a thing is like that is seen for a while, `heed` applies that to a picture's scores. Nothing
here changes what was learned.
"""
