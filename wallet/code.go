package wallet

import "net/http"

// Code says what was wrong, for programs: it never changes its meaning.
type Code string

// The codes.
const (
	CodeKeyMissing        Code = "idempotency_key_missing"
	CodeKeyInvalid        Code = "idempotency_key_invalid"
	CodeKeyInFlight       Code = "idempotency_key_in_flight"
	CodeKeyReused         Code = "idempotency_key_reused"
	CodeBodyInvalid       Code = "json_invalid"
	CodeBodyTooLarge      Code = "body_too_large"
	CodeBodySlow          Code = "body_too_slow"
	CodeContentType       Code = "content_type_unsupported"
	CodeIfMatchInvalid    Code = "if_match_invalid"
	CodeCursorInvalid     Code = "cursor_invalid"
	CodeUnauthenticated   Code = "unauthenticated"
	CodeForbidden         Code = "forbidden"
	CodeNotFound          Code = "not_found"
	CodeMethodNotAllowed  Code = "method_not_allowed"
	CodeFieldInvalid      Code = "field_invalid"
	CodeFieldUnknown      Code = "field_unknown"
	CodeVersionConflict   Code = "version_conflict"
	CodeInsufficientFunds Code = "insufficient_funds"
	CodeStateConflict     Code = "state_conflict"
	CodeCapExceeded       Code = "cap_exceeded"
	CodeLimitExceeded     Code = "limit_exceeded"
	CodeReferenceUsed     Code = "reference_used"
	CodeNumberTaken       Code = "number_taken"
	CodeNumberNotKept     Code = "number_not_kept"
	CodeNumberUnreadable  Code = "number_unreadable"
	CodeRateLimited       Code = "rate_limited"
	CodeBusy              Code = "busy"
	CodeUnavailable       Code = "unavailable"
	CodeOutcomeUnknown    Code = "outcome_unknown"
	CodeInternal          Code = "internal"
	retryAfterMin              = 1 // seconds
	problemContentType         = "application/problem+json"
	problemDocumentation       = "/docs#"
)

// meaning is what a code says to a person.
type meaning struct {
	Code   Code
	Status int
	Title  string
	Detail string // what to do; an answer may say more
}

// meanings are all codes, in the order of the document.
func meanings() []meaning {
	return []meaning{
		{CodeKeyMissing, http.StatusBadRequest, "Idempotency-Key is missing", "Send a header Idempotency-Key with every POST: one new random value, such as a UUID, for each thing you want to happen, and the same value when you try again."},
		{CodeKeyInvalid, http.StatusBadRequest, "Idempotency-Key cannot be used", "Send 1 to 255 printable ASCII characters."},
		{CodeBodyInvalid, http.StatusBadRequest, "The body is not JSON that can be read", "Send one JSON object in UTF-8, nested at most 16 deep."},
		{CodeIfMatchInvalid, http.StatusBadRequest, "If-Match cannot be used", "Send the version of the wallet as you know it, such as If-Match: \"12\", or leave the header out."},
		{CodeCursorInvalid, http.StatusBadRequest, "The cursor cannot be used", "Send a cursor as it stood in next of the page before, or none to begin at the start."},
		{CodeUnauthenticated, http.StatusUnauthorized, "Not authenticated", "Send a header Authorization: Bearer TOKEN with a token that is configured under wallet_api.tokens."},
		{CodeForbidden, http.StatusForbidden, "Not allowed for this token", "Use a token with the scope that the route asks for, and a program that the token may use."},
		{CodeNotFound, http.StatusNotFound, "Not found", "Check the address and the id. What belongs to another tenant is answered the same."},
		{CodeMethodNotAllowed, http.StatusMethodNotAllowed, "Method not allowed here", "Use one of the methods in the Allow header."},
		{CodeBodySlow, http.StatusRequestTimeout, "The body took too long", "Send the whole body within 5 seconds."},
		{CodeKeyInFlight, http.StatusConflict, "The same request is being worked on", "Wait for the first answer, or try again with the same Idempotency-Key in a moment."},
		{CodeVersionConflict, http.StatusConflict, "The wallet has changed", "Read the wallet again, decide again, and send its current version in If-Match."},
		{CodeInsufficientFunds, http.StatusConflict, "Not enough money", "Ask for at most what is free: unallocated money for an allocation or a transfer, the card's available money for taking it back."},
		{CodeStateConflict, http.StatusConflict, "Not possible in its present state", "Read the resource to see its state."},
		{CodeCapExceeded, http.StatusConflict, "There would be too many or too much", "Stay below the bounds of the program, such as the most that a wallet may hold or the most cards of a person."},
		{CodeLimitExceeded, http.StatusConflict, "Above a limit", "Ask for less, or wait until the month is over: a limit of the program for one transfer or for a month was reached."},
		{CodeReferenceUsed, http.StatusConflict, "The reference was used already", "This money has been credited. To try again, use the Idempotency-Key of the first request; for other money use another reference."},
		{CodeNumberTaken, http.StatusConflict, "The number leads to a card already", "Use a number that no card and no device token has. To try again, use the Idempotency-Key of the first request."},
		{CodeNumberNotKept, http.StatusConflict, "The number of this card is not kept", "Nobody can show it: it was issued without a number key. Re-issue the card."},
		{CodeNumberUnreadable, http.StatusConflict, "The number of this card cannot be read", "The number key of this node does not open it. Tell whoever runs the switch."},
		{CodeBodyTooLarge, http.StatusRequestEntityTooLarge, "The body is too large", "Send at most 65536 bytes."},
		{CodeContentType, http.StatusUnsupportedMediaType, "The body has a content type that is not served", "Send JSON as it is, with Content-Type: application/json and no Content-Encoding."},
		{CodeFieldInvalid, http.StatusUnprocessableEntity, "A field has a value that cannot be used", "Correct the field that is named."},
		{CodeFieldUnknown, http.StatusUnprocessableEntity, "There is a field or parameter that is not known", "Leave it out: the document lists every field. Names are written in small letters."},
		{CodeKeyReused, http.StatusUnprocessableEntity, "The Idempotency-Key was used for another request", "Use a new key for a new request, and the same body when you try again."},
		{CodeRateLimited, http.StatusTooManyRequests, "Too many requests with this token", "Try again after the seconds in Retry-After, with the same Idempotency-Key."},
		{CodeBusy, http.StatusTooManyRequests, "Too much is waiting for this wallet", "Try again after the seconds in Retry-After, with the same Idempotency-Key."},
		{CodeInternal, http.StatusInternalServerError, "A fault of ours", "Try again with the same Idempotency-Key; if it stays, tell whoever runs the switch the Request-Id of the answer."},
		{CodeUnavailable, http.StatusServiceUnavailable, "The ledger cannot be reached", "This try changed nothing. An earlier one with the same Idempotency-Key may have: try again with that key after the seconds in Retry-After."},
		{CodeOutcomeUnknown, http.StatusServiceUnavailable, "It is not known yet what became of it", "Try again with the same Idempotency-Key: you get the answer of the first request when it has taken effect, and it happens once in any case."},
	}
}
