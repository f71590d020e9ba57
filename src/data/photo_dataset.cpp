// Photos as files: listed once when opened, decoded when loaded.
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>

#include "data/forms.h"

namespace burin::data {

namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxPhotos = 100'000'000;

class PhotoDataset final : public Dataset {
 public:
  // Class -> paths relative to the folder.
  using Listing = std::map<std::string, std::vector<std::string>>;

  PhotoDataset(fs::path folder, Listing listing) : folder_(std::move(folder)) {
    for (auto& [name, paths] : listing) {
      std::ranges::sort(paths);
      labels_.insert(labels_.end(), paths.size(), static_cast<int>(classes_.size()));
      classes_.push_back(name);
      std::ranges::move(paths, std::back_inserter(paths_));
    }
  }

  std::string name(int64_t item) const override { return paths_[static_cast<size_t>(item)]; }
  int channels() const override { return 3; }
  Result<Pixels> load(int64_t item, const DecodeOptions& options) const override {
    BURIN_ASSIGN(Image image, read_image((folder_ / name(item)).string(), options));
    return Pixels{image.width, image.height, 3, std::move(image.rgb), {}};
  }

 private:
  fs::path folder_;
  std::vector<std::string> paths_;
};

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

bool is_photo(const fs::directory_entry& entry) {
  std::string extension = entry.path().extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](unsigned char c) { return std::tolower(c); });
  std::error_code ignored;
  return !is_hidden(entry.path()) && entry.is_regular_file(ignored) &&
         (extension == ".jpg" || extension == ".jpeg" || extension == ".png" ||
          extension == ".webp");
}

// Calls `visit` with every entry; links to folders are not followed.
template <class Iterator, class Visit>
Result<void> for_each_entry(const fs::path& folder, Visit visit) {
  std::error_code error;
  for (Iterator it(folder, error), end; !error && it != end; it.increment(error)) visit(*it);
  if (error) return fail(folder.string(), "cannot list the folder: " + error.message());
  return {};
}

Result<std::vector<std::string>> photos_below(const fs::path& root, const fs::path& folder) {
  std::vector<std::string> paths;
  BURIN_TRY(for_each_entry<fs::recursive_directory_iterator>(
      folder, [&](const fs::directory_entry& entry) {
        if (!is_photo(entry) || paths.size() > kMaxPhotos) return;
        paths.push_back(entry.path().lexically_relative(root).string());
      }));
  if (paths.empty()) {
    return fail(folder.string(), "a class folder without images",
                "put .jpg, .jpeg, .png or .webp files into it, or move it away");
  }
  if (paths.size() > kMaxPhotos) return fail(folder.string(), "more than 100 million images");
  return paths;
}

// cat.0.jpg: the name up to the first dot, if more than the extension follows it.
Result<PhotoDataset::Listing> classes_from_names(const std::string& where,
                                                 const std::vector<std::string>& names) {
  PhotoDataset::Listing listing;
  for (const std::string& name : names) {
    size_t dot = name.find('.');
    if (dot == name.rfind('.')) {
      return fail(where, "no class in the name of " + name,
                  "sort photos into one folder a class, or name them like cat.0.jpg");
    }
    listing[name.substr(0, dot)].push_back(name);
  }
  return listing;
}

}  // namespace

Result<std::unique_ptr<Dataset>> open_photos(const std::string& folder) {
  std::vector<std::string> photos;
  std::vector<fs::path> folders;
  BURIN_TRY(for_each_entry<fs::directory_iterator>(folder, [&](const fs::directory_entry& entry) {
    std::error_code ignored;
    if (is_photo(entry)) photos.push_back(entry.path().filename().string());
    if (!is_hidden(entry.path()) && entry.is_directory(ignored)) folders.push_back(entry.path());
  }));
  if (photos.empty() && folders.empty()) {
    return fail(folder, "no images here", "give a folder that holds one folder of photos a class");
  }
  if (!photos.empty() && !folders.empty()) {
    return fail(folder, "images both in folders and beside them (" + photos.front() + ")",
                "move each photo into the folder of its class");
  }
  PhotoDataset::Listing listing;
  if (!photos.empty()) {
    BURIN_ASSIGN(listing, classes_from_names(folder, photos));
  }
  for (const fs::path& path : folders) {
    BURIN_ASSIGN(listing[path.filename().string()], photos_below(folder, path));
  }
  return std::make_unique<PhotoDataset>(folder, std::move(listing));
}

}  // namespace burin::data
