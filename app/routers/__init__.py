"""HTTP routes, one module a noun: a signature, one sentence, one call.
Public modules: each module's `router`; `parameters` has what routes share.
It holds no SQL and no rule of the newsroom.
"""
