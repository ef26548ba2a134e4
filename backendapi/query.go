// SPDX-License-Identifier: Apache-2.0

package backendapi

import (
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"time"
)

// encodeQuery writes the fields of a struct that have a tag such as
// query:"limit". A list is one parameter for each element, unless the tag ends
// in ",comma", and what is absent is not written.
func encodeQuery(params any) url.Values {
	values := url.Values{}
	fields := reflect.ValueOf(params)
	for i := range fields.NumField() {
		tag, ok := fields.Type().Field(i).Tag.Lookup("query")
		if !ok {
			continue
		}
		name, option, _ := strings.Cut(tag, ",")
		texts := queryTexts(fields.Field(i))
		if option == "comma" && len(texts) > 0 {
			texts = []string{strings.Join(texts, ",")}
		}
		if len(texts) > 0 {
			values[name] = texts
		}
	}
	return values
}

func queryTexts(field reflect.Value) []string {
	if field.Kind() == reflect.Slice {
		texts := make([]string, field.Len())
		for i := range texts {
			texts[i] = field.Index(i).String()
		}
		return texts
	}
	value := field.Interface()
	if optional, ok := value.(interface{ inQuery() (any, bool) }); ok {
		if value, ok = optional.inQuery(); !ok {
			return nil
		}
	}
	if moment, ok := value.(time.Time); ok {
		value = moment.UnixMilli()
	}
	return []string{fmt.Sprint(value)}
}
