"""The sentences in the caller's language: reasons in an error's `data`, and what is wrong at a pointer.

The `message` of an error is never translated: clients compare it with the documented one.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

FALLBACK: Final = "en"


class Text(msgspec.Struct, frozen=True):
    """A sentence by its key, with what it names; it becomes words when the answer is written."""

    key: str
    values: Mapping[str, object] = {}

    def render(self, language: str) -> str:
        """The sentence in that language, or in English where there is no translation."""
        translations = TEXTS[self.key]
        return translations.get(language, translations[FALLBACK]).format_map(self.values)


def say(key: str, **values: object) -> Text:
    """A sentence with its values; raises `KeyError` for a key that does not exist, when it is written."""
    return Text(key, values)


_REQUESTS: Final[dict[str, dict[str, str]]] = {
    "request.not-object": {
        "en": "A request is an object.",
        "sv": "Ett anrop är ett objekt.",
    },
    "request.version": {
        "en": 'The member jsonrpc must be "2.0".',
        "sv": 'Egenskapen jsonrpc måste vara "2.0".',
    },
    "request.method": {
        "en": "The member method must be a string.",
        "sv": "Egenskapen method måste vara en sträng.",
    },
    "request.id": {
        "en": "The member id must be a string, a number or null.",
        "sv": "Egenskapen id måste vara en sträng, ett tal eller null.",
    },
    "request.params": {
        "en": "The member params must be an array.",
        "sv": "Egenskapen params måste vara en lista.",
    },
    "missing": {
        "en": "It is not built here; /missing#{name} lists what is not.",
        "sv": "Det är inte byggt här; /missing#{name} räknar upp vad som inte är det.",
    },
    "request.empty-batch": {
        "en": "A batch holds at least one request.",
        "sv": "En grupp innehåller minst ett anrop.",
    },
    "request.batch-size": {
        "en": "A batch holds at most {limit} requests.",
        "sv": "En grupp innehåller högst {limit} anrop.",
    },
    "request.batch-answers": {
        "en": "The answers of a batch hold at most {limit} bytes: this call was not run.",
        "sv": "Svaren på en grupp rymmer högst {limit} byte: anropet utfördes inte.",
    },
    "request.depth": {
        "en": "Objects and arrays nest deeper than {limit} levels.",
        "sv": "Objekt och listor är djupare än {limit} nivåer.",
    },
    "request.values": {
        "en": "A message of this size holds at most {limit} values.",
        "sv": "Ett meddelande av den storleken rymmer högst {limit} värden.",
    },
    "request.number": {
        "en": "A number is out of range.",
        "sv": "Ett tal är för stort.",
    },
    "request.character": {
        "en": "A text contains the character U+0000.",
        "sv": "En text innehåller tecknet U+0000.",
    },
    "request.size": {
        "en": "A request holds at most {limit} bytes.",
        "sv": "Ett anrop är högst {limit} byte.",
    },
    "params.named": {
        "en": "Parameters are passed by position, as an array.",
        "sv": "Parametrar anges efter position, som en lista.",
    },
    "params.too-many": {
        "en": "At most {limit} parameters are expected; {given} were given.",
        "sv": "Högst {limit} parametrar väntas; {given} angavs.",
    },
    "params.too-few": {
        "en": "At least {limit} parameters are expected; {given} were given.",
        "sv": "Minst {limit} parametrar väntas; {given} angavs.",
    },
    "params.patch": {
        "en": "Must be an object.",
        "sv": "Måste vara ett objekt.",
    },
    "params.uid": {
        "en": "Must be a uid.",
        "sv": "Måste vara ett uid.",
    },
}

_QUERIES: Final[dict[str, dict[str, str]]] = {
    "query.shape": {
        "en": "A query is true, a key, an array of keys, or an object.",
        "sv": "En fråga är true, en nyckel, en lista av nycklar eller ett objekt.",
    },
    "query.unknown": {
        "en": "There is no property “{name}”.",
        "sv": "Det finns ingen egenskap ”{name}”.",
    },
    "query.scalar": {
        "en": "This property has no properties of its own.",
        "sv": "Denna egenskap har inga egna egenskaper.",
    },
    "query.depth": {
        "en": "References are followed at most {limit} levels deep.",
        "sv": "Referenser följs högst {limit} nivåer.",
    },
    "query.keys": {
        "en": "A query names at most {limit} keys.",
        "sv": "En fråga nämner högst {limit} nycklar.",
    },
    "query.size": {
        "en": "The answer would be larger than {limit} bytes.",
        "sv": "Svaret skulle bli större än {limit} byte.",
    },
    "selection.shape": {
        "en": "A selection is true, null or an object.",
        "sv": "Ett urval är true, null eller ett objekt.",
    },
    "selection.unknown": {
        "en": "A selection has no such member.",
        "sv": "Ett urval har ingen sådan egenskap.",
    },
    "selection.sort": {
        "en": "The list cannot be sorted by this key.",
        "sv": "Listan kan inte sorteras efter denna nyckel.",
    },
    "selection.boolean": {
        "en": "Must be true or false.",
        "sv": "Måste vara true eller false.",
    },
    "selection.natural": {
        "en": "Must be a whole number, zero or more.",
        "sv": "Måste vara ett heltal, noll eller större.",
    },
    "selection.rows": {
        "en": "More than {limit} rows: set a limit.",
        "sv": "Fler än {limit} rader: ange en gräns.",
    },
    "filter.shape": {
        "en": "Filters are an object.",
        "sv": "Filter är ett objekt.",
    },
    "filter.unknown": {
        "en": "There is no filter for this property.",
        "sv": "Det finns inget filter för denna egenskap.",
    },
    "filter.condition": {
        "en": "This property has no such condition.",
        "sv": "Denna egenskap har inget sådant villkor.",
    },
    "filter.operand": {
        "en": "The value does not fit the property.",
        "sv": "Värdet passar inte egenskapen.",
    },
    "filter.count": {
        "en": "At most {limit} conditions are allowed.",
        "sv": "Högst {limit} villkor är tillåtna.",
    },
    "filter.operands": {
        "en": "At most {limit} values may be compared with.",
        "sv": "Högst {limit} värden får jämföras med.",
    },
}

_PATCHES: Final[dict[str, dict[str, str]]] = {
    "patch.invalid": {
        "en": "The value is not valid.",
        "sv": "Värdet är ogiltigt.",
    },
    "patch.unknown": {
        "en": "There is no property with this name.",
        "sv": "Det finns ingen egenskap med detta namn.",
    },
    "patch.read-only": {
        "en": "This property cannot be set.",
        "sv": "Denna egenskap kan inte ändras.",
    },
    "patch.required": {
        "en": "This property is required.",
        "sv": "Denna egenskap krävs.",
    },
    "patch.type": {
        "en": "The value must be of type {expected}.",
        "sv": "Värdet måste vara av typen {expected}.",
    },
    "patch.enum": {
        "en": "The value must be one of {expected}.",
        "sv": "Värdet måste vara något av {expected}.",
    },
    "patch.minimum": {
        "en": "The value must be at least {limit}.",
        "sv": "Värdet måste vara minst {limit}.",
    },
    "patch.maximum": {
        "en": "The value must be at most {limit}.",
        "sv": "Värdet får vara högst {limit}.",
    },
    "patch.decimals": {
        "en": "The value may have at most {limit} decimals.",
        "sv": "Värdet får ha högst {limit} decimaler.",
    },
    "patch.positive": {
        "en": "The amount must be more than nothing.",
        "sv": "Beloppet måste vara större än noll.",
    },
    "patch.multiple-of": {
        "en": "The value must be a multiple of {limit}.",
        "sv": "Värdet måste vara en multipel av {limit}.",
    },
    "patch.min-length": {
        "en": "The text must have at least {limit} characters.",
        "sv": "Texten måste ha minst {limit} tecken.",
    },
    "patch.max-length": {
        "en": "The text may have at most {limit} characters.",
        "sv": "Texten får ha högst {limit} tecken.",
    },
    "patch.pattern": {
        "en": "The text does not have the right form.",
        "sv": "Texten har inte rätt form.",
    },
    "patch.min-items": {
        "en": "At least {limit} values are required.",
        "sv": "Minst {limit} värden krävs.",
    },
    "patch.max-items": {
        "en": "At most {limit} values are allowed.",
        "sv": "Högst {limit} värden är tillåtna.",
    },
    "patch.unique": {
        "en": "A value occurs more than once.",
        "sv": "Ett värde förekommer mer än en gång.",
    },
    "patch.below-itself": {
        "en": "An object does not stand below itself.",
        "sv": "Ett objekt står inte under sig självt.",
    },
    "patch.taken": {
        "en": "Another object already has this value.",
        "sv": "Ett annat objekt har redan detta värde.",
    },
    "patch.reference": {
        "en": "There is no such object, or it cannot be used.",
        "sv": "Objektet finns inte eller kan inte användas.",
    },
    "patch.enum-one": {
        "en": "The shop does not use this value.",
        "sv": "Butiken använder inte detta värde.",
    },
    "patch.money": {
        "en": "{currency} cannot hold the amount: it has too many decimals, or is too large.",
        "sv": "{currency} rymmer inte beloppet: det har för många decimaler eller är för stort.",
    },
    "patch.period": {
        "en": "It would end before it starts.",
        "sv": "Slutet skulle komma före början.",
    },
    "patch.spent": {
        "en": "More was spent or used before.",
        "sv": "Mer har redan förbrukats eller använts.",
    },
    "patch.stock": {
        "en": "The quantity is out of range.",
        "sv": "Antalet är utanför tillåtna gränser.",
    },
    "normalize.number": {
        "en": "The text is not a number.",
        "sv": "Texten är inte ett tal.",
    },
    "normalize.integer": {
        "en": "The text is not a whole number.",
        "sv": "Texten är inte ett heltal.",
    },
    "normalize.boolean": {
        "en": "The text is neither true nor false.",
        "sv": "Texten är varken true eller false.",
    },
    "normalize.datetime": {
        "en": "The text is not a date or a point in time.",
        "sv": "Texten är varken ett datum eller en tidpunkt.",
    },
}

_COMMERCE: Final[dict[str, dict[str, str]]] = {
    "buy.not-for-sale": {
        "en": "The article is not for sale.",
        "sv": "Artikeln är inte till salu.",
    },
    "buy.total": {
        "en": "The order comes to more than was shown: look at the cart again.",
        "sv": "Ordern kostar mer än vad som visades: titta på varukorgen igen.",
    },
    "buy.sold-out": {
        "en": "The article is out of stock.",
        "sv": "Artikeln är slut i lager.",
    },
    "buy.stock": {
        "en": "There are not so many of the article in stock.",
        "sv": "Så många av artikeln finns inte i lager.",
    },
    "buy.changed": {
        "en": "The article has changed since it was added to the cart.",
        "sv": "Artikeln har ändrats sedan den lades i kundvagnen.",
    },
    "buy.quantity": {
        "en": "The article is not sold in this quantity.",
        "sv": "Artikeln säljs inte i detta antal.",
    },
    "buy.choice-missing": {
        "en": "A choice that the article demands was not made.",
        "sv": "Ett val som artikeln kräver saknas.",
    },
    "buy.choice-unknown": {
        "en": "The article has no such choice or option.",
        "sv": "Artikeln har inget sådant val eller alternativ.",
    },
    "buy.choice-range": {
        "en": "Choice {choice} takes a number from {least} to {most} in steps of {step}.",
        "sv": "Val {choice} tar ett tal från {least} till {most} i steg om {step}.",
    },
    "buy.choice-text": {
        "en": "Choice {choice} takes a text of at most {limit} characters.",
        "sv": "Val {choice} tar en text med högst {limit} tecken.",
    },
    "buy.token": {
        "en": "The cart is to be paid by card: the token of a card is missing.",
        "sv": "Kundvagnen ska betalas med kort: kortets token saknas.",
    },
    "buy.combination": {
        "en": "The article does not exist in this combination of choices.",
        "sv": "Artikeln finns inte i denna kombination av val.",
    },
    "buy.cart-full": {
        "en": "A cart holds at most {limit} items.",
        "sv": "En kundvagn rymmer högst {limit} rader.",
    },
    "buy.too-many": {
        "en": "At most {limit} units of an article can be bought at once.",
        "sv": "Högst {limit} enheter av en artikel kan köpas samtidigt.",
    },
    "buy.file": {
        "en": "The file has no name, no content that can be read, or more than {limit} bytes.",
        "sv": "Filen saknar namn eller läsbart innehåll, eller är större än {limit} byte.",
    },
    "buy.files-full": {
        "en": "A cart holds at most {limit} files, and not too large ones together.",
        "sv": "En kundvagn rymmer högst {limit} filer, och inte för stora tillsammans.",
    },
    "buy.files-quota": {
        "en": "So much was uploaded today that no further file is taken for now.",
        "sv": "Så mycket har laddats upp idag att ingen ytterligare fil tas emot just nu.",
    },
    "buy.file-store": {
        "en": "The file cannot be stored now; try again later.",
        "sv": "Filen kan inte lagras just nu; försök igen senare.",
    },
    "pay.amount": {
        "en": "The card provider cannot charge {amount} {currency}.",
        "sv": "Kortleverantören kan inte dra {amount} {currency}.",
    },
    "request.later": {
        "en": "Too much at once. Send the same call again after {seconds} seconds; nothing was done.",
        "sv": "För mycket på en gång. Skicka samma anrop igen efter {seconds} sekunder; inget har gjorts.",
    },
    "outside.again": {
        "en": "No answer from outside. Send the same call again after {seconds} seconds; nothing is done twice.",
        "sv": "Inget svar utifrån. Skicka samma anrop igen efter {seconds} sekunder; inget görs två gånger.",
    },
    "outside.refund": {
        "en": "It is not known yet whether the money was given back. Read the payment a minute later; without a key a "
        "second call is a second refund.",
        "sv": "Det är inte känt än om pengarna betalades tillbaka. Läs betalningen en minut senare; utan nyckel är ett "
        "andra anrop en andra återbetalning.",
    },
    "outside.register": {
        "en": "The register of addresses gave no answer. Try again, or ask for the address.",
        "sv": "Adressregistret gav inget svar. Försök igen eller fråga efter adressen.",
    },
    "outside.tax": {
        "en": "The tax service gave no usable answer; nothing was done.",
        "sv": "Skattetjänsten gav inget användbart svar; inget gjordes.",
    },
    "outside.request": {
        "en": "{said} (request {request})",
        "sv": "{said} (anrop {request})",
    },
    "pay.key": {
        "en": "A key has 1 to {limit} printable ASCII characters.",
        "sv": "En nyckel har 1 till {limit} skrivbara ASCII-tecken.",
    },
    "pay.key-used": {
        "en": "Another refund was asked for under this key.",
        "sv": "En annan återbetalning begärdes med den här nyckeln.",
    },
    "login.wait": {
        "en": "Too many tries; wait a while.",
        "sv": "För många försök; vänta en stund.",
    },
    "password.too-short": {
        "en": "A password has at least {limit} characters.",
        "sv": "Ett lösenord har minst {limit} tecken.",
    },
    "password.too-long": {
        "en": "A password has at most {limit} characters.",
        "sv": "Ett lösenord har högst {limit} tecken.",
    },
}

TEXTS: Final = _REQUESTS | _QUERIES | _PATCHES | _COMMERCE
LANGUAGES: Final = frozenset({"en", "sv"})
