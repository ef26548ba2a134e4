// SPDX-License-Identifier: Apache-2.0

package backendapi

import (
	"encoding/json"
	"iter"
)

// Page is a part of a list.
type Page[T any] struct {
	Data []T `json:"data"`
	// TotalCount is how long the whole list is; absent where Clerk does not say.
	TotalCount Optional[int64] `json:"total_count,omitzero"`
}

// UnmarshalJSON implements json.Unmarshaler. Clerk writes a list with its total
// count or without, and M2M tokens under a name of their own.
func (p *Page[T]) UnmarshalJSON(data []byte) error {
	*p = Page[T]{}
	if data[0] == '[' {
		return json.Unmarshal(data, &p.Data)
	}
	var answer struct {
		Data       *[]T            `json:"data"`
		M2MTokens  *[]T            `json:"m2m_tokens"`
		TotalCount Optional[int64] `json:"total_count"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return err
	}
	p.TotalCount = answer.TotalCount
	switch {
	case answer.Data != nil:
		p.Data = *answer.Data
	case answer.M2MTokens != nil:
		p.Data = *answer.M2MTokens
	default:
		return errNoList
	}
	return nil
}

// pageSize is how many elements are asked for at a time when it is not said. At
// most 500 are allowed.
const pageSize = 100

// walk gives every element from an offset on, and ends with the first error.
func walk[T any](limit, offset Optional[int], list func(limit, offset Optional[int]) (*Page[T], error)) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		size, at := limit.Or(pageSize), offset.Or(0)
		for {
			page, err := list(Some(size), Some(at))
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range page.Data {
				if !yield(&page.Data[i], nil) {
					return
				}
			}
			at += len(page.Data)
			if page.last(size, at) {
				return
			}
		}
	}
}

// last tells whether nothing follows the page, of which so many elements were
// asked for, and which ends at an offset.
func (p *Page[T]) last(size, end int) bool {
	if total, ok := p.TotalCount.Get(); ok {
		return len(p.Data) == 0 || int64(end) >= total
	}
	return len(p.Data) < max(size, 1)
}
