"""Tell from the words around a number what it is: a phone number, a reference, a sum, an office's.

The nearest word decides. A noun such as 'docket' or 'policy' counts only right before the number,
or with words such as 'number' and 'is' between them.
"""

from __future__ import annotations

from functools import cached_property

import regex

_BEFORE = 60
_AFTER = 60
# A sentence ends at a full stop, except at that of an abbreviation such as 'no.'.
_SENTENCE_END = regex.compile(
    r"[!?\n]|(?<!\b(?:no|nos|num|rs|mob|ph|tel|cell|a/c|acct|regn|ref|dept|govt|st|dr|mr|mrs|smt))"
    r"\.(?!\w|\s*nos?\b)",
    regex.IGNORECASE,
)
_GLUE = (
    r"(?:[\s:.#=()'\"*~,\-]|\b(?:no|nos|num|numbers?|id|ids|code|ref|is|was|are|were|as|of|under|given"
    r"|which|that|reads?|called|bearing|my|the|our|his|her|i|got|received|quoted|with|vide|dated)\b"
    r"|\d[\d\-]{3,} (?:and|or|&) )*+"
)
_NUMBER = r"(?:nos?\b\.?|num\b\.?|numbers?\b|ids?\b|ref(?:erence)?\b\.?|code\b)"
# Nouns that make the number after them a reference number.
_REFERENCE = (
    r"(?:reference|ref|refer+al|transaction|txn|trans|registration|regn|regd|acknowledge?ment|ack"
    r"|consignment|policy|receipt|folio|dockets?|consumer|roll|enrol+ment|invoice|pnr|fir|isbn|issn"
    r"|utr|rrn|urn|arn|srn|crn|awb|waybill|tracking|gst(?:in)?|a/c|account|acct|token"
    r"|chassis|imei|tender|claim|demat|challan"
    r"|affidavit|writ|uan|epf|pf|esic?|ppo|cheque"
    r"|parcel|shipment|coupon|voucher|otp|barcode|timestamp|khata|khasra|patta"
    r"|ration card|hall ticket|admit card|licen[cs]e|diary|dispatch|despatch|ein|vat|tin|cin"
    r"|reservation|service request)"
)
# Nouns that need a word such as 'number', because a phone number may follow them too.
_NEEDS_NUMBER = (
    r"(?:survey|member(?:ship)?|employee|staff|student|candidate|certificate|permit|file|memo|patent"
    r"|model|part|version|vehicle|train|flight|pan|nominee|booking|courier|seat|check|client|customer"
    r"|subscriber|beneficiary|user|login|form|enquiry|letter|article|section|lot|bid|loan|pension"
    r"|batch|engine|meter|serial|appeal|circular|notification|petition)"
)
# Nouns that stand before phone numbers too: 'for orders', 'the pin', 'in any case'.
_PERHAPS = (
    r"(?:case|order|bill|application|complaint|grievance|ticket|pin(?:code)?|request|card|code)"
)
_IS_REFERENCE = regex.compile(
    rf"\b{_REFERENCE}{_GLUE}$|\b(?:{_REFERENCE}|{_PERHAPS}|{_NEEDS_NUMBER})"
    rf"s?\W{{0,3}}{_NUMBER}{_GLUE}$"
    r"|\b(?!paytm|gpay|phone|upi|bhim|whats|telegram|contact|caller|imo|skype|signal)\w+\W{1,2}"
    rf"id\b{_GLUE}$",
    regex.IGNORECASE,
)
_IS_PERHAPS_REFERENCE = regex.compile(
    rf"(?<!\b(?:any|in|to|either|which|in (?:that|this|such|each|every)) )\b{_PERHAPS}\W{{0,2}}$",
    regex.IGNORECASE,
)
_REFERENCE_AFTER = regex.compile(
    rf"[\s,)]*(?:\b(?:is|was|as|being)\b )(?:\b(?:the|a|an|my|our|his|her|their|your) )?(?:\w+ )?"
    rf"\b(?:{_REFERENCE}|{_PERHAPS})\b",
    regex.IGNORECASE,
)
# 'SR number', 'RTI no.'
_ABBREVIATION = regex.compile(
    rf"\b(?!(?:MY|HIS|HER|OUR|MOB|TEL|CELL|PH|WA|THE|THIS|NEW|MS|MR|YOUR"
    rf"|CALL|LL|STD|SMS|ITS|APP|TOLL|FREE|LINE|CNT|CONT|WAT|AND)\b)"
    rf"[A-Z]{{2,5}}\W{{0,2}}(?i:{_NUMBER}{_GLUE})$"
)
_PURPOSE = regex.compile(
    r"(?:^\W*for\b|\bfor\b(?=[^:]*:\W*$))(?![^:]*\b(?:nos?|num|numbers?|id|ref)\b).*$"
    r"|\bto (?:order|apply|register|book|track|claim|renew|complain|enrol+|join|bid|file|check)\W*$"
    r"|\b(?:call|dial|ring|text|sms|whatsapp)\s+(?:\w+\s+)?(?:nos?|numbers?)\b\W*$",
    regex.IGNORECASE,
)
_CURRENCY = regex.compile(
    r"(?<!\w)(?:rs\.?|inr|usd|eur|gbp|₹|[$£€]|rupees?|dollars?|between)\W{0,3}$", regex.IGNORECASE
)
_QUANTITY = regex.compile(
    r"\b(?:only|about|nearly|almost|over|approximately|worth|sum of|total of|amount of|amount"
    r"|population of|than|up to|costs?|(?:budget|count|value|funds?|grants?|loans?|fines?|debts?"
    r"|profits?|loss(?:es)?|turnover|revenues?|bribes?|penalty|compensation|salary|fees?|deficit|surplus|price|tax(?:es)?)"
    r" (?:of|was|is|at)|spent|collected|earned|looted|stole|raised|allocated|sanctioned|released"
    r"|donated|squandered|wasted|invested|saved)"
    r"\W{0,3}$",
    regex.IGNORECASE,
)
_UNIT = regex.compile(
    r"\s*(?:/-|%|(?:crores?|cr|lakhs?|lacs?|million|billion|rupees|km|dollars|kg|tonnes?|years?"
    r"|units?|shares?|bytes?|seconds?)\b)",
    regex.IGNORECASE,
)
_COUNTED = regex.compile(
    r"\s*(?:votes?|people|voters?|persons?|runs|views|citizens|doses|records|entries|holders|users"
    r"|accounts|cards|tests|cases|trees|passengers|tickets|copies|followers|beneficiaries|workers"
    r"|farmers|jobs|vaccines|tokens|coins|transactions|downloads|litres|barrels|tweets|posts)\b",
    regex.IGNORECASE,
)
_MONEY_AFTER = regex.compile(
    r"\s*(?:was|were|is|are|has been|have been|had been|being)\s+"
    r"(?:(?:\w+ly|never|not|already|also)\s+)?(?:released|spent"
    r"|sanctioned|allocated|allotted|disbursed|transferred|collected|recovered|deposited|credited"
    r"|debited|missing|siphoned|embezzled|looted|donated|raised|waived|owed|earmarked|paid|lost)\b",
    regex.IGNORECASE,
)
_PHONE = regex.compile(
    r"\b(?:(?:tele)?phones?|mobiles?|mob|cell|tel|calls?|calling|what'?s+[ \-]?ap+|whatsa+p+"
    r"|watsap+|wa"
    r"|contact(?:s|ed)?|ring|sms|text me|msg me|dial|ph|fax|landline|helpline|desk|answering"
    r"|messages? to|ping|reach (?:me|us|him|her|them)(?: (?:on|at))?|(?:speak|talk) to)\b"
    r"(?:[^.!?\n]|(?<=\bno)\.){0,25}$|\b(?:mob|ph|tel|cell)\. {0,2}$",
    regex.IGNORECASE,
)
_PHONE_AFTER = regex.compile(
    r"[\s,:(\-]*(?:call|text|ping|whatsapp|sms|msg|message|contact|dm)\b(?! (?:log|record|drop))"
    r"|[\s\-(]{1,2}(?:office|mobile|fax|home|cell|desk|phone|tel)\b"
    r"|\W*(?:is|was) (?:(?:his|her|my|their|the|our|your|\w+'s) )(?:\w+ )?"
    r"(?:phone|mobile|number|no|cell|whatsapp|contact)\b(?! of (?:votes|people))",
    regex.IGNORECASE,
)
_ON = regex.compile(r"(?:\b(?:on|at|to|call|dial|ring)|@)\W{0,2}$", regex.IGNORECASE)

_OFFICE = (
    r"(?:help[ \-]?(?:line|desk)s?|hot[ \-]?lines?|control rooms?|call cent(?:re|er)s?"
    r"|toll[ \-]free|(?:customer|consumer|passenger|reader)s?'?(?: |-)?"
    r"(?:care|services?|support|relations|cell)"
    r"|enquiry|ministry|department|dept|commission|commissionerate|collectorate|secretariat"
    r"|municipality|municipal corporation|corporation|police(?: station| control room)?"
    r"|fire (?:brigade|service|station)|ambulance(?: service)?|hospitals?|embassy|consulate"
    r"|high commission|(?:supreme|high|district) court|registry|university|panchayat|parliament"
    r"|assembly|(?:grievance|complaints?|cyber|crime|media|press|public relations) cell|pmo|cmo"
    r"|uidai|irctc|rbi|epfo|emergency(?: services?| line)?|switchboard|(?:crisis|suicide|support"
    r"|emergency|information|care) lines?|reception"
    r"|(?:public|government|govt|passport|post|head|branch|regional|municipal|electoral|tax"
    r"|registrar'?s?|collector'?s?|magistrate'?s?|minister'?s?|commissioner'?s?|governor'?s?"
    r"|president'?s?|mayor'?s?|mp'?s|mla'?s|election|ration|labour|pension|district|zonal|ward"
    r"|railway|newspaper'?s?|editorial|box|booking|ticket|corporate|company'?s?|school'?s?"
    r"|college'?s?|council'?s?|party'?s?|bank'?s?|kendra|union'?s?|club'?s?) office"
    r"|aasra|samaritans|vandrevala(?: foundation)?|icall|childline|tele-?manas|lifeline)"
)
_OFFICE_GLUE = (
    r"(?:[\s:.#=()'\"*,/\-]|\b(?:no|nos|num|numbers?|is|was|are|on|at|via|the"
    r"|and|or|\d[\d\-]*|s|its|their|by|phone"
    r"|telephone|tel|ph|landline|contact|call|dial|free|toll|india|24x7|24|7|available|official|std|fax)"
    r"\b)*+"
)
_IS_OFFICE = regex.compile(rf"\b{_OFFICE}\b{_OFFICE_GLUE}$", regex.IGNORECASE)
# 'The ministry of railways in Delhi: …' for a number that is no mobile.
_IS_OFFICE_OF = regex.compile(
    rf"\b{_OFFICE}\b(?: (?:of|for|in|at)(?: [\w\-']+){{1,4}}?)?{_OFFICE_GLUE}$", regex.IGNORECASE
)
_PERSON_AT = regex.compile(
    rf"\b\w+ (?:at|in|of|from) (?:(?:the|a|our|this|that) )?(?:[\w']+ )?{_OFFICE}\b{_OFFICE_GLUE}$",
    regex.IGNORECASE,
)
_OFFICE_AFTER = regex.compile(
    r"\s*(?:\(|,? ?(?:is|was) (?:the|a|an) |, the |- |(?=helpline|control room|customer care))"
    rf"(?:(?!(?:at|of|in|from|near|who|with|for) )[\w'.\-]+ ){{0,2}}?{_OFFICE}\b",
    regex.IGNORECASE,
)


class Surroundings:
    """The words before and after a number at `start`..`end`, within its sentence."""

    def __init__(self, clean: str, start: int, end: int) -> None:
        before = clean[max(0, start - _BEFORE) : start]
        stop = 0
        for match in _SENTENCE_END.finditer(before, 0, max(0, len(before) - 1)):
            stop = match.end()
        self.before = before[stop:]
        after = clean[end : end + _AFTER]
        match_after = _SENTENCE_END.search(after)
        self.after = after[: match_after.start()] if match_after else after
        self._number = clean[start:end]

    @cached_property
    def says_phone(self) -> bool:
        """Whether the words around the number call it a phone number."""
        if _PHONE_AFTER.match(self.after):
            return True
        return bool(_PHONE.search(self.before)) and not self.says_reference

    @cached_property
    def says_reference(self) -> bool:
        """Whether the words around the number call it a reference, such as a policy's number."""
        if _PURPOSE.search(self.before):
            return False
        if any(pattern.search(self.before) for pattern in (_IS_REFERENCE, _ABBREVIATION)):
            return True
        if _REFERENCE_AFTER.match(self.after):
            return True
        is_grouped = not self._number.isdigit()
        return bool(
            not is_grouped
            and _IS_PERHAPS_REFERENCE.search(self.before)
            and not _PHONE_AFTER.match(self.after)
        )

    @cached_property
    def says_amount(self) -> bool:
        """Whether the words around the number make it a sum of money, a count or a measure."""
        if _CURRENCY.search(self.before) or _UNIT.match(self.after):
            return True
        if _COUNTED.match(self.after) and not (_ON.search(self.before) or self.says_phone):
            return True
        return self._number.isdigit() and bool(
            _QUANTITY.search(self.before) or _MONEY_AFTER.match(self.after)
        )

    def says_office(self, is_mobile: bool) -> bool:
        """Whether the words around a phone number say that it is an office's.

        An office is a helpline, an authority or a customer service. For a mobile number, the office
        must be the nearest word.
        """
        if is_mobile and _PERSON_AT.search(self.before):
            return False
        pattern = _IS_OFFICE if is_mobile else _IS_OFFICE_OF
        return bool(pattern.search(self.before) or _OFFICE_AFTER.match(self.after))
