"""Starlette with msgspec: `uvicorn benchmarks.serving_peers.starlette_app:app`."""

from __future__ import annotations

import msgspec
from saldopas.serving.recommend.schemas import RecommendBody
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.serving_peers.answering import answer, load

MODEL = load()


class Body(msgspec.Struct, forbid_unknown_fields=True):
    """The keys that the benchmark sends."""

    participant_id: str
    balance: int | None = None
    n: int = 5


DECODER = msgspec.json.Decoder(Body)
ENCODER = msgspec.json.Encoder()


async def recommend(request: Request) -> Response:
    body = DECODER.decode(await request.body())
    asked = RecommendBody.model_construct(
        participant_id=body.participant_id, balance=body.balance, n=body.n
    )
    return Response(ENCODER.encode(answer(asked, MODEL)), media_type="application/json")


app = Starlette(routes=[Route("/recommend", recommend, methods=["POST"])])
