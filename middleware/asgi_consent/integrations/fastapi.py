"""FastAPI: the consent as a dependency.

@app.get("/")
async def home(consent: ConsentDependency): ...

@app.post("/track", dependencies=[requires("statistics")])
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, HTTPException
from fastapi.requests import HTTPConnection

from asgi_consent.decision import Decision
from asgi_consent.integrations.starlette import consent_of

ConsentDependency = Annotated[Decision, Depends(consent_of)]


def requires(name: str) -> Any:
    """A dependency that answers 403 where a category or service has not been granted."""

    def check(request: HTTPConnection) -> None:
        if not consent_of(request).allows(name):
            raise HTTPException(403, f"the visitor has not agreed to {name}")

    return Depends(check)
