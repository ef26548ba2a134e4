// SPDX-License-Identifier: Apache-2.0

package backendapi

import (
	"encoding/json"
	"errors"
	"slices"
)

// texts is a list of strings and nothing else; null is one without any.
type texts []string

func (t *texts) UnmarshalJSON(data []byte) error {
	var list []*string
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	if slices.Contains(list, nil) {
		return errors.New("expected only strings, got null")
	}
	*t = nil
	for _, text := range list {
		*t = append(*t, *text)
	}
	return nil
}

// textOrTexts is what JWTs know as "aud": one string or a list of them
// (RFC 7519, section 4.1.3).
type textOrTexts []string

func (t *textOrTexts) UnmarshalJSON(data []byte) error {
	if data[0] != '"' {
		return (*texts)(t).UnmarshalJSON(data)
	}
	*t = make(textOrTexts, 1)
	return json.Unmarshal(data, &(*t)[0])
}
