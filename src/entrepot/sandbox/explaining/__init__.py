"""Why a request was refused: found out from the rule itself, and told without secrets."""
