"""Errors as RFC 9457 `application/problem+json`: the one place that maps our errors to HTTP."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from aistudio import errors

STATUS: dict[type[errors.AIStudioError], HTTPStatus] = {
    errors.BadInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.PathRefused: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.PreflightFailed: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.WorkspaceLocked: HTTPStatus.CONFLICT,
    errors.Damaged: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.JobFailed: HTTPStatus.INTERNAL_SERVER_ERROR,
}


def install(app: FastAPI) -> None:
    app.add_exception_handler(errors.AIStudioError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http)


def problem(status: HTTPStatus, detail: str, **more: Any) -> JSONResponse:
    body = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail, **more}
    return JSONResponse(body, status.value, media_type="application/problem+json")


def _ours(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, errors.AIStudioError)
    kind = next(base for base in type(error).__mro__ if base in STATUS)
    more: dict[str, Any] = {"advice": error.advice, "error": type(error).__name__}
    if isinstance(error, errors.InvalidConfig):
        more["fields"] = [{"path": one.path, "title": one.title, "message": one.message} for one in error.fields]
    if isinstance(error, errors.StaleRevision):
        more["current"] = error.current
    return problem(STATUS[kind], error.message, **more)


def _invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    fields = [
        {"path": ".".join(map(str, one["loc"][1:])), "message": one["msg"].removeprefix("Value error, ")}
        for one in error.errors()
    ]
    detail = "; ".join(f"{field['path'] or 'body'}: {field['message']}" for field in fields)
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, fields=fields)


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return problem(HTTPStatus(error.status_code), str(error.detail))
