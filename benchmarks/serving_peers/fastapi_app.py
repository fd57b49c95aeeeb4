"""FastAPI on uvicorn: `uvicorn benchmarks.serving_peers.fastapi_app:app`."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from saldopas.serving.recommend.schemas import RecommendBody

from benchmarks.serving_peers.answering import answer, load

MODEL = load()
app = FastAPI()


@app.post("/recommend")
async def recommend(body: RecommendBody) -> JSONResponse:
    return JSONResponse(answer(body, MODEL))
