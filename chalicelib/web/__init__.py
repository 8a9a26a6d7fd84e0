"""The pages customers see: templates beside this file, filled in with everything escaped."""
