// Image files made in memory, for tests that decode them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace burin::test {

using FileBytes = std::vector<uint8_t>;

// Pixels of spng's colour type, 8 bits a channel.
FileBytes png_of(const std::vector<uint8_t>& pixels, uint32_t width, uint32_t height,
                 uint8_t colour_type);
// A PNG file that ends after a header of this size with a right checksum.
FileBytes png_header_of(uint32_t width, uint32_t height);
FileBytes jpeg_of(const std::vector<uint8_t>& rgb, int width, int height);
FileBytes cmyk_jpeg_of(const std::vector<uint8_t>& inks, int width, int height);
// Lossless; 3 or 4 channels.
FileBytes webp_of(const std::vector<uint8_t>& pixels, int width, int height, int channels);

// RGB bytes without a pattern that compresses.
std::vector<uint8_t> noise_of(int width, int height);

inline std::string text_of(const FileBytes& bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace burin::test
