"""Errors as RFC 9457 `application/problem+json`: the one place that maps our errors to HTTP."""

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from aistudio import errors

log = logging.getLogger("aistudio.api")

STATUS: dict[type[errors.AIStudioError], HTTPStatus] = {
    errors.BadInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.PathRefused: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.PreflightFailed: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.WorkspaceLocked: HTTPStatus.CONFLICT,
    errors.DatasetChanged: HTTPStatus.CONFLICT,
    errors.Damaged: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.JobFailed: HTTPStatus.INTERNAL_SERVER_ERROR,
}


def install(app: FastAPI) -> None:
    app.add_exception_handler(errors.AIStudioError, _ours)
    app.add_exception_handler(OSError, _disk)
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
        more["fields"] = [_field(one) for one in error.fields]
    if isinstance(error, errors.PreflightFailed) and error.fix:
        more["fix"] = _fix(error.fix)
    if isinstance(error, errors.StaleRevision):
        more["current"] = error.current
    return problem(STATUS[kind], error.message, **more)


def _field(error: errors.FieldError) -> dict[str, Any]:
    more = {"fix": _fix(error.fix)} if error.fix else {}
    return {"path": error.path, "title": error.title, "message": error.message, **more}


def _fix(fix: errors.Fix) -> dict[str, Any]:
    return {"label": fix.label, "patch": dict(fix.patch)}


def _disk(request: Request, error: Exception) -> JSONResponse:
    """What the operating system refused: a workspace that became read-only, an image that cannot be read."""
    assert isinstance(error, OSError)
    log.error("%s %s", request.method, request.url.path, exc_info=error)
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, f"The disk refused: {error.strerror or error}.", error="OSError")


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
    response = problem(HTTPStatus(error.status_code), str(error.detail))
    response.headers.update(error.headers or {})
    return response
