"""What file systems and object stores complain of, as letters to the user; and which complaints pass by themselves."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from ..errors import DatasetError

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_FORBIDDEN = {errno.EROFS, errno.EACCES, errno.EPERM}
_NOT_A_FOLDER = {errno.ENOTDIR, errno.EEXIST, errno.EISDIR}
_PASSING = {
    *(errno.EBUSY, errno.EAGAIN, errno.ETIMEDOUT, errno.ECONNRESET, errno.ECONNREFUSED, errno.ECONNABORTED),
    *(errno.EPIPE, errno.ENETUNREACH, errno.EHOSTUNREACH, getattr(errno, "EREMOTEIO", errno.EBUSY)),
}
_PASSING_STATUS = {408, 409, 429, 500, 502, 503, 504}
_PASSING_CODES = {"SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "ThrottlingException"}
_PASSING_NAMES = {  # of botocore, aiohttp, fsspec and Azure; by name, so that none of them need be installed
    *("HTTPClientError", "ConnectionError", "ResponseStreamingError", "IncompleteReadError", "IncompleteRead"),
    *("ClientConnectionError", "ClientPayloadError", "FSTimeoutError", "ServiceRequestError", "ServiceResponseError"),
}
_NO_CREDENTIALS = {  # of botocore, google.auth and Azure
    *("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "TokenRetrievalError"),
    *("UnauthorizedSSOTokenError", "SSOTokenLoadError", "ProfileNotFound"),
    *("DefaultCredentialsError", "RefreshError", "ClientAuthenticationError"),
}
_HOW_TO_SIGN = {
    "s3": "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE (docs/howto/cluster.md).",
    "gs": "Set GOOGLE_APPLICATION_CREDENTIALS to a key file, or run gcloud auth application-default login.",
    "az": "Set AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY.",
}


class Place(Protocol):
    """What is written to: its name, and its folder where it lies on this machine."""

    @property
    def url(self) -> str: ...

    @property
    def local(self) -> Path | None: ...


class NoBucket(OSError):  # noqa: N818 - it names a state
    """The bucket (container) of a URL does not exist."""


@contextmanager
def letters(target: Place, path: str) -> Iterator[None]:
    """Turn the errors of file systems and object stores into letters to the user; a bug stays what it is."""
    try:
        yield
    except (FileNotFoundError, NoBucket) as error:
        if is_no_bucket(error):
            raise DatasetError(no_bucket(target.url)) from error
        raise DatasetError(f"{target.url}: there is no {path!r}. Is it a complete dataset?") from error
    except DatasetError:
        raise
    except Exception as error:
        text = _letter(target, path, error)
        if text is None:
            raise
        raise DatasetError(text) from error


def no_bucket(url: str) -> str:
    """The letter of a bucket that is not there: none is ever made."""
    kind, _, rest = url.partition("://")
    bucket = rest.partition("/")[0]
    return f"{url}: there is no bucket {bucket!r}. Make it first, or give another --out {kind}://BUCKET/FOLDER."


def is_no_bucket(error: BaseException) -> bool:
    """Whether the store said that the bucket itself is missing."""
    return any(isinstance(e, NoBucket) or _code(e) in ("NoSuchBucket", "ContainerNotFound") for e in _chain(error))


def is_passing(error: BaseException) -> bool:
    """Whether the same request may well succeed a moment later: throttled, timed out, cut off, a fault of the store."""
    if isinstance(error, (DatasetError, FileNotFoundError, FileExistsError, PermissionError)):
        return False
    for one in _chain(error):
        status = _status(one)
        if status is not None:
            return status in _PASSING_STATUS
        if _code(one) in _PASSING_CODES or isinstance(one, (TimeoutError, ConnectionError)):
            return True
        if _named(one, _PASSING_NAMES) or (isinstance(one, OSError) and one.errno in _PASSING):
            return True
    return False


def _letter(target: Place, path: str, error: Exception) -> str | None:
    number = error.errno if isinstance(error, OSError) else None
    if number in _FULL and target.local is None:
        return (
            f"{target.url}: the scratch disk of this machine is full ({tempfile.gettempdir()}, writing {path!r}). "
            "Everything finished is kept: free some space, or set TMPDIR to a bigger disk, and run the same command "
            "again."
        )
    if number in _FULL:
        return (
            f"{target.url}: the disk is full (writing {path!r}). Everything finished is kept: "
            "free some space and run the same command again, or give an --out on another disk."
        )
    if any(_named(one, _NO_CREDENTIALS) for one in _chain(error)):
        advice = _HOW_TO_SIGN.get(kind_of(target.url), "See the documentation of its fsspec package.")
        return f"{target.url}: no credentials were found, or they are not valid any more. {advice}"
    if number in _FORBIDDEN or isinstance(error, PermissionError):
        said = (getattr(error, "strerror", None) or str(error)).rstrip(".")
        if target.local is None:
            return (
                f"{target.url}: access was refused ({said}; {path!r}). Give these credentials the right to list, read, "
                "write and delete there, or give another URL."
            )
        return f"{target.url}: cannot be written ({said}). Give an --out that you may write to."
    if number in _NOT_A_FOLDER:
        return f"{target.url}: a file stands where a folder is needed ({path!r}). Give another --out, or move the file."
    if is_passing(error):
        return (
            f"{target.url}: the store did not answer as it should, however often it was asked ({_short(error)}; "
            f"{path!r}). Everything finished is kept: run the same command again when the store is well."
        )
    if isinstance(error, OSError):
        return f"{target.url}: {path!r} cannot be read or written ({error.strerror or error})."
    return None


def kind_of(url: str) -> str:
    """s3, gs, az, memory, ... of a URL, by the shortest of its names; "file" for a path."""
    kind = url.partition("://")[0] if "://" in url else "file"
    return {"s3a": "s3", "gcs": "gs", "abfs": "az", "abfss": "az", "adl": "az", "local": "file"}.get(kind, kind)


def _chain(error: BaseException) -> Iterator[BaseException]:
    one: BaseException | None = error
    for _ in range(8):
        if one is None:
            return
        yield one
        one = one.__cause__


def _status(error: BaseException) -> int | None:
    """The HTTP status that an error carries."""
    found: Any = getattr(error, "response", None)
    if isinstance(found, dict):
        found = found.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if isinstance(found, int):
            return found
    for name in ("status_code", "status", "code"):
        found = getattr(error, name, None)
        if isinstance(found, int) and 300 <= found < 600:
            return found
    return None


def _code(error: BaseException) -> str:
    """The name that a store gives to an error."""
    response: Any = getattr(error, "response", None)
    if isinstance(response, dict):
        return str(response.get("Error", {}).get("Code", ""))
    return str(getattr(error, "error_code", ""))


def _named(error: BaseException, names: set[str]) -> bool:
    return any(kind.__name__ in names for kind in type(error).__mro__)


def _short(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:200].rstrip(".")
