"""What the tokenizer hands to the rewriter."""

from __future__ import annotations

from enum import Enum


class Kind(Enum):
    COPY = "copy"  # text, comments, tags nobody looks at
    HEAD = "head"  # no bytes: here the head begins, or would begin; `name` is the html tag, if any
    START = "start"  # a start tag to look at
    CUT = "cut"  # the beginning of a start tag that is too long; COPYs follow
    RAW = "raw"  # text inside a raw text element, `name` says which
    END = "end"  # the end tag of a raw text element, or its beginning
    COMMENT = "comment"  # a piece of one, where it does not come inside of a COPY
    SETTLE = "settle"  # no bytes: here `name`, which is markup, has to be written


#: kind, bytes, name of the element in lower case, whether it is in foreign content. A plain tuple,
#: because there is one for every stop and a NamedTuple takes several times as long to make.
Token = tuple[Kind, bytes, bytes, bool]
