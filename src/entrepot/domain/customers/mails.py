"""The mails that customers get: their words, in the customer's language, and the rows that wait to be sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from entrepot.domain.channels.accounts import Channel
from entrepot.domain.outbox.deliveries import Delivery

Purpose = Literal["signup", "reset", "email", "email-asked", "email-changed"]

_FALLBACK = "en"
_WORDS: Mapping[Purpose, Mapping[str, tuple[str, str]]] = {
    "signup": {
        "en": (
            "Confirm your account at {shop}",
            "Welcome to {shop}.\n\n"
            "Confirm your account with this code within 24 hours:\n\n{way}\n\n"
            "If you did not ask for an account, you need do nothing.\n",
        ),
        "sv": (
            "Bekräfta ditt konto hos {shop}",
            "Välkommen till {shop}.\n\n"
            "Bekräfta ditt konto med denna kod inom 24 timmar:\n\n{way}\n\n"
            "Om du inte har bett om ett konto behöver du inte göra något.\n",
        ),
    },
    "reset": {
        "en": (
            "A new password for {shop}",
            "Somebody, presumably you, wants to set a new password at {shop}.\n\n"
            "This code lets you do so within an hour:\n\n{way}\n\n"
            "If it was not you, you need do nothing: your password stays as it is.\n",
        ),
        "sv": (
            "Ett nytt lösenord hos {shop}",
            "Någon, förmodligen du, vill ange ett nytt lösenord hos {shop}.\n\n"
            "Med denna kod kan du göra det inom en timme:\n\n{way}\n\n"
            "Om det inte var du behöver du inte göra något: ditt lösenord är oförändrat.\n",
        ),
    },
    "email": {
        "en": (
            "Confirm your new address at {shop}",
            "Your account at {shop} is to go by this address.\n\n"
            "Confirm it with this code within 24 hours:\n\n{way}\n\n"
            "If you did not ask for this, you need do nothing.\n",
        ),
        "sv": (
            "Bekräfta din nya adress hos {shop}",
            "Ditt konto hos {shop} ska gå under den här adressen.\n\n"
            "Bekräfta den med denna kod inom 24 timmar:\n\n{way}\n\n"
            "Om du inte har bett om det behöver du inte göra något.\n",
        ),
    },
    "email-asked": {
        "en": (
            "A new address for your account at {shop}",
            "Your account at {shop} is to go by another address: {way}\n\n"
            "It counts once it is confirmed from there. If it was not you, set a new password: that ends the change.\n",
        ),
        "sv": (
            "En ny adress för ditt konto hos {shop}",
            "Ditt konto hos {shop} ska gå under en annan adress: {way}\n\n"
            "Den gäller när den har bekräftats därifrån. Om det inte var du, ange ett nytt lösenord: "
            "det avbryter bytet.\n",
        ),
    },
    "email-changed": {
        "en": (
            "The address of your account at {shop} has changed",
            "Your account at {shop} goes by another address from now on: {way}\n\n"
            "If it was not you, write to the shop.\n",
        ),
        "sv": (
            "Adressen för ditt konto hos {shop} har ändrats",
            "Ditt konto hos {shop} går från och med nu under en annan adress: {way}\n\n"
            "Om det inte var du, skriv till butiken.\n",
        ),
    },
}
_LINKED: Mapping[Purpose, str] = {"signup": "signup_link", "email": "signup_link", "reset": "reset_link"}


class Sender(msgspec.Struct, frozen=True):
    """The shop that a mail comes from: its name by language, and the language of whoever asked for the mail."""

    language: str
    names: Mapping[str, str] = {}

    def name(self, language: str, channel: Channel) -> str:
        """What the shop is called in a language."""
        shop = self.names.get(language) or self.names.get(channel.settings.shop.language)
        return channel.settings.mail.name or shop or channel.name


def code_mail(
    channel: Channel,
    purpose: Purpose,
    sender: Sender,
    language: str | None,
    code: str,
    to: str,
    subject: int,
    now: datetime,
) -> Delivery:
    """The mail that tells a code, or a new address, as it waits to be sent.

    `to` may be nobody, "": it then costs as much.

    `language` is the customer's, where it is known.
    """
    payload = {"channel": channel.id, "to": to, "sender": channel.settings.mail.sender}
    payload |= _written(channel, purpose, sender, language or sender.language, code)
    return Delivery(subject, f"mail:{purpose}", 1, payload, now)


def _written(channel: Channel, purpose: Purpose, sender: Sender, language: str, code: str) -> dict[str, Any]:
    mail = channel.settings.mail
    words = _WORDS[purpose]
    spoken = next((each for each in (language, channel.settings.shop.language) if each in words), _FALLBACK)
    subject, text = words[spoken]
    link = str(getattr(mail, _LINKED[purpose])).replace("{code}", code) if purpose in _LINKED else ""
    values = {"shop": sender.name(spoken, channel), "way": f"{code}\n{link}" if link else code}
    return {"subject": subject.format_map(values), "text": text.format_map(values)}
