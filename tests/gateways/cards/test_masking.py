from entrepot.gateways.cards.masking import LONGEST_SENTENCE, masked


def test_a_token_is_masked_inside_its_quotes():
    assert masked("No such token: 'tok_1Abc_def'") == "No such token: '<redacted>'"


def test_keys_ids_and_client_secrets_are_masked():
    sentence = "Key sk_test_****1234, intent pi_1A_secret_9Z, charge ch_1 and customer cus_2."
    assert masked(sentence) == "Key <redacted>, intent <redacted>, charge <redacted> and customer <redacted>."


def test_a_card_number_is_masked_however_it_is_grouped():
    assert masked("Card 4242 4242 4242 4242 was refused") == "Card <redacted> was refused"


def test_given_secrets_are_masked_whatever_their_shape():
    assert masked("Token my-own-token is unknown", ["my-own-token", ""]) == "Token <redacted> is unknown"


def test_ordinary_words_and_amounts_stay():
    sentence = "Refund amount ($12.00) exceeds card_number limit; payment_intent unchanged."
    assert masked(sentence) == sentence


def test_a_sentence_has_an_end():
    assert len(masked("x" * 10_000)) == LONGEST_SENTENCE
