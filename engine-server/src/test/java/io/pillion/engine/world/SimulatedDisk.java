package io.pillion.engine.world;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Files in memory, all in one folder. */
public final class SimulatedDisk implements Disk {
  private final Map<String, String> files = new TreeMap<>();

  @Override
  public String read(String path) throws IOException {
    String text = files.get(path);
    if (text == null) {
      throw new NoSuchFileException(path);
    }
    return text;
  }

  @Override
  public void replace(String path, String text) {
    files.put(path, text);
  }

  @Override
  public void delete(String path) {
    files.remove(path);
  }

  @Override
  public List<String> matching(String pattern) {
    return files.keySet().stream().filter(pattern::equals).toList();
  }

  @Override
  public boolean isFolder(String path) {
    return path.equals("/") || path.equals(".");
  }

  @Override
  public String absolute(String path) {
    return path.startsWith("/") ? path : "/" + path;
  }
}
