package wallet

import (
	"bytes"
	"encoding/json"
)

// namesOnce says whether no object in a JSON text has a name twice, however it is escaped: readers differ in
// which of the two counts. The text is JSON that can be read.
func namesOnce(text []byte) bool {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var within []map[string]bool // the names of each object around; nil for a list
	named := false               // the value of a name comes next
	for {
		token, err := d.Token()
		if err != nil {
			return true // the end
		}
		if name, ok := token.(string); ok && !named && len(within) > 0 && within[len(within)-1] != nil {
			names := within[len(within)-1]
			if names[name] {
				return false
			}
			names[name], named = true, true
			continue
		}
		named = false
		switch token {
		case json.Delim('{'):
			within = append(within, map[string]bool{})
		case json.Delim('['):
			within = append(within, nil)
		case json.Delim('}'), json.Delim(']'):
			within = within[:len(within)-1]
		}
	}
}
