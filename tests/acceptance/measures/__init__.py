# Independent measures of delivered music: WAV and MIDI in, numbers out; nothing here knows the farm.
