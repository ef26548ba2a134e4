// SPDX-License-Identifier: Apache-2.0

package backendapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
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

const (
	// firstMillisecond is where numbers begin to be milliseconds, in 1973;
	// as seconds it is in the year 5138.
	firstMillisecond = 1e11
	// lastMillisecond is the last of the year 9999, where dates end.
	lastMillisecond = 253402300799999
)

// moment is a time since 1970. API keys and M2M tokens count it in
// milliseconds, OAuth access tokens in seconds; Clerk's description of the API
// has an example in seconds that is said to be in milliseconds. So the number
// itself decides.
type moment time.Time

func (m *moment) UnmarshalJSON(data []byte) error {
	var count float64
	if err := json.Unmarshal(data, &count); err != nil {
		return err
	}
	if count < firstMillisecond {
		count *= 1000
	}
	if math.Abs(count) > lastMillisecond {
		return fmt.Errorf("expected a time before the year 10000, got %g ms", count)
	}
	*m = moment(time.UnixMilli(int64(count)).UTC())
	return nil
}
