"""Google's discovery document, which describes the API.

From it, google-api-python-client and googleapis build clients.
"""

from __future__ import annotations

from typing import Any

NAME, VERSION = "commentanalyzer", "v1alpha1"
_TYPES = {"str": "string", "bool": "boolean", "int": "integer", "float": "number"}

# The fields of each message with their types: a type, another message, `[…]` for a list, or `{…}`
# for a map by name.
_MESSAGES = {
    "AnalyzeCommentRequest": "comment=TextEntry requestedAttributes={AttributeParameters} "
    "languages=[str] spanAnnotations=bool doNotStore=bool clientToken=str sessionId=str "
    "communityId=str context=Context",
    "AnalyzeCommentResponse": "attributeScores={AttributeScores} languages=[str] "
    "detectedLanguages=[str] clientToken=str",
    "SuggestCommentScoreRequest": "comment=TextEntry attributeScores={AttributeScores} "
    "context=Context languages=[str] communityId=str clientToken=str sessionId=str",
    "SuggestCommentScoreResponse": "clientToken=str requestedLanguages=[str] "
    "detectedLanguages=[str]",
    "TextEntry": "text=str type=str",
    "AttributeParameters": "scoreType=str scoreThreshold=float",
    "AttributeScores": "summaryScore=Score spanScores=[SpanScore]",
    "SpanScore": "begin=int end=int score=Score",
    "Score": "value=float type=str",
    "Context": "entries=[TextEntry] articleAndParentComment=ArticleAndParentComment",
    "ArticleAndParentComment": "article=TextEntry parentComment=TextEntry",
}
_PARAMETERS = {
    "alt": "Data format of the answer.",
    "key": "Your API key.",
    "access_token": "An API key as OAuth sends it.",
    "oauth_token": "An API key as OAuth sends it.",
    "fields": "Not used.",
    "callback": "Not used.",
    "prettyPrint": "Not used.",
    "quotaUser": "Not used.",
    "uploadType": "Not used.",
    "upload_protocol": "Not used.",
    "$.xgafv": "Not used.",
}


def document(base: str) -> dict[str, Any]:
    """Return the discovery document for a service at the URL `base`.

    >>> document("https://moderation.example")["rootUrl"]
    'https://moderation.example/'
    """
    root = base.rstrip("/") + "/"
    return {
        "kind": "discovery#restDescription",
        "discoveryVersion": "v1",
        "id": f"{NAME}:{VERSION}",
        "name": NAME,
        "canonicalName": "Comment Analyzer",
        "version": VERSION,
        "revision": "20200426",
        "title": "Perspective Comment Analyzer API, answered by House rules",
        "description": "The attributes of Perspective by a newspaper's own house rules.",
        "documentationLink": f"{root}docs",
        "protocol": "rest",
        "rootUrl": root,
        "servicePath": "",
        "baseUrl": root,
        "batchPath": "batch",
        "parameters": {
            name: {"type": "string", "location": "query", "description": description}
            for name, description in _PARAMETERS.items()
        },
        "auth": {
            "oauth2": {
                "scopes": {
                    "https://www.googleapis.com/auth/userinfo.email": {"description": "Not used."}
                }
            }
        },
        "schemas": {name: _schema(name, fields) for name, fields in _MESSAGES.items()},
        "resources": {
            "comments": {
                "methods": {
                    "analyze": _method("analyze", "AnalyzeComment"),
                    "suggestscore": _method("suggestscore", "SuggestCommentScore"),
                }
            }
        },
    }


def _method(name: str, message: str) -> dict[str, Any]:
    return {
        "id": f"{NAME}.comments.{name}",
        "path": f"{VERSION}/comments:{name}",
        "flatPath": f"{VERSION}/comments:{name}",
        "httpMethod": "POST",
        "parameters": {},
        "parameterOrder": [],
        "request": {"$ref": f"{message}Request"},
        "response": {"$ref": f"{message}Response"},
        "scopes": ["https://www.googleapis.com/auth/userinfo.email"],
    }


def _schema(name: str, fields: str) -> dict[str, Any]:
    pairs = (field.split("=", 1) for field in fields.split())
    return {
        "id": name,
        "type": "object",
        "properties": {field: _property(type_) for field, type_ in pairs},
    }


def _property(type_: str) -> dict[str, Any]:
    if type_.startswith("["):
        return {"type": "array", "items": _property(type_[1:-1])}
    if type_.startswith("{"):
        return {"type": "object", "additionalProperties": _property(type_[1:-1])}
    kind = _TYPES.get(type_)
    if kind is None:
        return {"$ref": type_}
    return {
        "type": kind,
        **({"format": "float"} if kind == "number" else {}),
        **({"format": "int32"} if kind == "integer" else {}),
    }
