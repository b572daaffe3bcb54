package wallet

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"sekisho/spec"
)

// bodyTimeMax is how long a caller may take to send a body.
const bodyTimeMax = 5 * time.Second

// body is what a caller sent, read whole before anything is made of it.
type body struct {
	text        []byte
	fingerprint spec.Fingerprint // the same for the same JSON, however it is laid out
}

// readBody reads the body of a request within the bounds of the API.
func readBody(w http.ResponseWriter, r *http.Request) (body, *Problem) {
	if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeMax)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return body{}, problemOf(CodeInternal)
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyMax))
	var tooLarge *http.MaxBytesError
	var slow net.Error
	switch {
	case errors.As(err, &tooLarge):
		return body{}, problemOf(CodeBodyTooLarge)
	case errors.As(err, &slow) && slow.Timeout():
		return body{}, problemOf(CodeBodySlow)
	case err != nil:
		return body{}, problemOf(CodeBodyInvalid)
	case len(bytes.TrimSpace(text)) == 0:
		return body{fingerprint: fingerprint([]byte("{}"))}, nil
	}
	if p := contentType(r.Header); p != nil {
		return body{}, p
	}
	object, ok := readJSON(text)
	if !ok {
		return body{}, problemOf(CodeBodyInvalid)
	}
	if !namesOnce(text) {
		return body{}, problemOf(CodeBodyInvalid).with("A name stands twice in one object: send each name once.")
	}
	if field, found := nullIn(object); found {
		return body{}, problemOf(CodeFieldInvalid).at(field).with("It is refused: null is no value here. Leave the field out.")
	}
	canonical, err := json.Marshal(object) // its names in order, without space
	if err != nil {
		return body{}, problemOf(CodeBodyInvalid)
	}
	return body{text: text, fingerprint: fingerprint(canonical)}, nil
}

// contentType refuses what is not said to be JSON, as it is.
func contentType(h http.Header) *Problem {
	for _, coding := range h.Values("Content-Encoding") {
		if !strings.EqualFold(coding, "identity") {
			return problemOf(CodeContentType)
		}
	}
	said := h.Get("Content-Type")
	if said == "" {
		return nil
	}
	media, params, err := mime.ParseMediaType(said)
	charset := params["charset"]
	if err != nil || media != "application/json" || (charset != "" && charset != "utf-8" && charset != "UTF-8") {
		return problemOf(CodeContentType)
	}
	return nil
}

// readJSON reads an object; ok is false for what is not one JSON object in UTF-8, or is nested too deep.
func readJSON(text []byte) (object map[string]any, ok bool) {
	if !utf8.Valid(text) || depth(text) > depthMax {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&object); err != nil || object == nil {
		return nil, false
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, false
	}
	return object, paired(text)
}

// depth is how deep brackets are nested outside of texts.
func depth(text []byte) int {
	deepest, now, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}

func fingerprint(canonical []byte) spec.Fingerprint {
	sum := sha256.Sum256(canonical)
	return spec.Fingerprint(binary.BigEndian.Uint64(sum[:]))
}
